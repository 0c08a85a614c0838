// Within a network namespace of its own: whoever dials the port is connected to the Unix socket, and nothing else is within
// reach. Runs the command that follows and ends as it ends.
import { spawn } from 'node:child_process'
import { connect, createServer } from 'node:net'

const [port, path, command, ...args] = process.argv.slice(2)
const server = createServer((socket) => {
  const onward = connect(path)
  for (const [one, other] of [
    [socket, onward],
    [onward, socket],
  ]) {
    one.on('error', () => other.destroy())
    one.on('close', () => other.destroy())
  }
  socket.pipe(onward).pipe(socket)
})
server.listen(Number(port), '127.0.0.1', () => {
  const child = spawn(command, args, { stdio: 'inherit' })
  child.on('exit', (code) => process.exit(code ?? 1))
})
