// Lives, but neither listens nor says that it is ready.
console.log('still waiting for something')
setInterval(() => {}, 1000)
