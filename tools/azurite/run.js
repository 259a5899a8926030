// Starts Azurite and ends with the process that holds our standard input, however that one ends.
process.stdin.on('end', () => process.exit(0));
process.stdin.on('error', () => process.exit(0));
process.stdin.resume();
require('azurite/dist/src/azurite.js');
