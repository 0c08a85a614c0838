import type { RunningCommand } from '../../streams/remote-command/command.ts'
import { openChannelSocket } from '../../streams/websocket/channel-socket.ts'
import type { Endpoint } from '../http/connection.ts'
import { dialWebSocket } from './web-socket.ts'

const PROTOCOLS = ['v5.channel.k8s.io', 'v4.channel.k8s.io']
const [STDIN, STDOUT, STDERR, OUTCOME, SIZE] = [0, 1, 2, 3, 4] as const

interface Outcome {
  readonly status?: string
  readonly message?: string
  readonly details?: { readonly causes?: readonly { readonly reason?: string; readonly message?: string }[] }
}

/**
 * Runs a command in a container, or joins one that runs there: `path` is exec or attach of an API server or of a node, with
 * its query. Rejects with the ApiError of a server that says no; the exit code rejects where the command could not be run.
 */
export async function openCommand(
  endpoint: Endpoint,
  path: string,
  wanted: { readonly stdin: boolean; readonly tty: boolean },
): Promise<RunningCommand & { end(): void }> {
  const { socket, protocol } = await dialWebSocket(endpoint, { path, protocols: PROTOCOLS })
  const channels = openChannelSocket(socket, protocol, 'client')
  const exit = Promise.withResolvers<number>()
  exit.promise.catch(() => {})
  channels.onMessage(OUTCOME, (text) => {
    try {
      exit.resolve(exitCodeOf(JSON.parse(text) as Outcome))
    } catch (error) {
      exit.reject(error)
    }
  })
  channels.gone.addEventListener('abort', () => exit.reject(new Error('the connection ended before the command did')))
  const [stdout, stderr] = [channels.readable(STDOUT), wanted.tty ? undefined : channels.readable(STDERR)]
  socket.resume()
  return {
    ...(wanted.stdin && { stdin: channels.writable(STDIN) }),
    stdout,
    ...(stderr !== undefined && { stderr }),
    resize: (Width, Height) => channels.send(SIZE, Buffer.from(JSON.stringify({ Width, Height }))),
    exitCode: exit.promise,
    end: () => socket.terminate(),
  }
}

/** Throws what the server says where the command did not run. */
function exitCodeOf({ status, message, details }: Outcome): number {
  if (status === 'Success') return 0
  const code = details?.causes?.find(({ reason }) => reason === 'ExitCode')?.message
  if (code !== undefined) return Number(code)
  throw new Error(message ?? 'the command could not be run')
}
