// Starts Azurite and ends with the process that holds our standard input, however that one ends. Signals of the terminal
// go to the whole group: they are for the run, which still needs its storage to end well.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => {});
}

for (const method of ['on', 'once', 'addListener']) {
  const original = process[method].bind(process);
  process[method] = (event, ...rest) =>
    ['SIGINT', 'SIGTERM', 'SIGHUP'].includes(event) ? process : original(event, ...rest);
}

process.stdin.on('end', () => process.exit(0));
process.stdin.on('error', () => process.exit(0));
process.stdin.resume();
require('azurite/dist/src/azurite.js');
