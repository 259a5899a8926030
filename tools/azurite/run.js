// Starts Azurite and ends with the process that holds our standard input, however that one ends. Signals of the terminal
// go to the whole group: they are for the run, which still needs its storage to end well. So what Azurite would do on
// SIGTERM (close its servers and write its tables to disk) is kept, and done when our input ends.
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
const patience = 15000;
let close = () => {};
for (const signal of signals) {
  process.on(signal, () => {});
}

for (const method of ['on', 'once', 'addListener']) {
  const original = process[method].bind(process);
  process[method] = (event, listener, ...rest) => {
    if (!signals.includes(event)) {
      return original(event, listener, ...rest);
    }

    close = listener;
    return process;
  };
}

let ending = false;
function end() {
  if (!ending) {
    ending = true;
    setTimeout(() => process.exit(0), patience).unref();
    close();
  }
}

process.stdin.on('end', end);
process.stdin.on('error', end);
process.stdin.resume();
require('azurite/dist/src/azurite.js');
