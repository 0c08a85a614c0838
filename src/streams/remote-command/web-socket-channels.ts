import { acceptWebSocket } from '../upgrade.ts'
import type { Upgrade } from '../upgrade.ts'
import { openChannelSocket } from '../websocket/channel-socket.ts'
import { outcomeText, readSize } from './command.ts'
import type { CommandChannels, CommandStreams } from './command.ts'

export const STDIN = 0
export const STDOUT = 1
export const STDERR = 2
export const ERROR = 3
export const RESIZE = 4

/** What a client may speak; one that names none speaks plain channels, as to a node. */
export const CHANNEL_PROTOCOLS = [
  'v5.channel.k8s.io',
  'v4.channel.k8s.io',
  'v4.base64.channel.k8s.io',
  'channel.k8s.io',
  'base64.channel.k8s.io',
]

/** A command's channels in a WebSocket. */
export async function webSocketChannels(
  upgrade: Upgrade,
  protocol: string,
  wanted: CommandStreams,
): Promise<CommandChannels> {
  const socket = await acceptWebSocket(upgrade, protocol)
  const channels = openChannelSocket(socket, protocol, 'server')
  const stdout = wanted.stdout ? channels.writable(STDOUT) : undefined
  const stderr = wanted.stderr && !wanted.tty ? channels.writable(STDERR) : undefined
  const sizes: string[] = []
  let resized = (text: string): void => void sizes.push(text)
  channels.onMessage(RESIZE, (text) => resized(text))
  const stdin = wanted.stdin ? channels.readable(STDIN) : undefined
  // An empty message says that the stream is open, as nodes do.
  channels.send(stdout === undefined ? STDERR : STDOUT, Buffer.alloc(0))
  socket.resume()
  return {
    ...(stdin !== undefined && { stdin }),
    ...(stdout !== undefined && { stdout }),
    ...(stderr !== undefined && { stderr }),
    gone: channels.gone,
    onResize(listener) {
      resized = (text) => readSize(text, listener)
      for (const text of sizes.splice(0)) resized(text)
    },
    async finish(outcome) {
      const isV4 = /^v[45]\./.test(protocol)
      const text = isV4 ? outcomeText(protocol, outcome) : outcomeText('', outcome)
      if (text !== '') channels.send(ERROR, Buffer.from(text))
      await channels.close()
    },
  }
}
