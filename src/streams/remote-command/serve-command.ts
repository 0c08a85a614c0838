import type { Readable, Writable } from 'node:stream'
import { finished, pipeline } from 'node:stream/promises'
import type { Timers } from '../../env/clock.ts'
import { commonProtocol, offeredProtocols, requestedUpgrade } from '../upgrade.ts'
import type { Upgrade } from '../upgrade.ts'
import { COMMAND_PROTOCOLS, failedOutcome } from './command.ts'
import type { CommandChannels, CommandOutcome, CommandStreams, RunningCommand } from './command.ts'
import { spdyChannels } from './spdy-channels.ts'
import { CHANNEL_PROTOCOLS, webSocketChannels } from './web-socket-channels.ts'

export interface CommandServing {
  readonly timers: Timers
  readonly wanted: CommandStreams
  /** Starts the command once the connection stands; what it throws goes over the error channel. */
  start(gone: AbortSignal): Promise<RunningCommand>
  outcomeOf(exitCode: number): CommandOutcome
}

/** Why a connection cannot carry a command; to be answered with this HTTP status, in plain text, before any upgrade. */
export class UpgradeError extends Error {
  override readonly name = 'UpgradeError'
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

/**
 * Serves exec or attach on a connection: makes channels of it, runs the command, carries its streams, and ends with the
 * status. Rejects with an {@link UpgradeError} before anything is sent; resolves when all is over.
 */
export async function serveCommand(upgrade: Upgrade, serving: CommandServing): Promise<void> {
  const channels = await openChannels(upgrade, serving)
  const outcome = await runCommand(channels, serving).catch(failedOutcome)
  await channels.finish(outcome)
}

async function openChannels(upgrade: Upgrade, { timers, wanted }: CommandServing): Promise<CommandChannels> {
  if (!wanted.stdin && !wanted.stdout && !wanted.stderr)
    throw new UpgradeError(400, 'you must specify at least 1 of stdin, stdout, stderr')
  if (requestedUpgrade(upgrade.request) === 'websocket') {
    const protocol = commonProtocol(upgrade, CHANNEL_PROTOCOLS)
    if (protocol === undefined) throw new UpgradeError(400, 'unable to upgrade: no subprotocol in common')
    return await webSocketChannels(upgrade, protocol, wanted)
  }
  const offered = offeredProtocols(upgrade.request)
  const protocol = offered.find((name) => (COMMAND_PROTOCOLS as readonly string[]).includes(name))
  if (protocol === undefined && offered.length > 0)
    throw new UpgradeError(
      403,
      `unable to upgrade: unable to negotiate protocol: client supports [${offered.join(' ')}]`,
    )
  return await spdyChannels(timers, upgrade, protocol ?? '', wanted)
}

async function runCommand(channels: CommandChannels, serving: CommandServing): Promise<CommandOutcome> {
  const command = await serving.start(channels.gone)
  channels.onResize((columns, rows) => command.resize(columns, rows))
  if (channels.stdin !== undefined && command.stdin !== undefined) feed(channels.stdin, command.stdin)
  const outputs = [carry(command.stdout, channels.stdout), carry(command.stderr, channels.stderr)]
  const exitCode = await command.exitCode
  await Promise.all(outputs)
  return serving.outcomeOf(exitCode)
}

/** A command need not read what it is sent: that its input ends early is no failure. */
function feed(from: Readable, into: Writable): void {
  pipeline(from, into).catch(() => {})
}

/** Output that nobody wants is read all the same, so that the command is not held up. */
async function carry(from: Readable | undefined, into: Writable | undefined): Promise<void> {
  if (from === undefined) return into?.destroyed === false ? void into.end() : undefined
  from.on('error', () => {})
  if (into === undefined) {
    from.resume()
    return await finished(from).catch(() => {})
  }
  await pipeline(from, into).catch(() => void from.resume())
}
