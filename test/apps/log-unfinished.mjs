// Ends in the middle of a line: <milliseconds it stays there>
process.stdout.write('one\ntwo, unfinished')
setTimeout(() => {}, Number(process.argv[2]))
