// Has work for a moment and then nothing: the process must end by itself.
setTimeout(() => console.log('work done'), Number(process.env.WORK_MS ?? 300))
