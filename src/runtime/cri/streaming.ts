import type { Duplex } from 'node:stream'
import { PassThrough } from 'node:stream'
import { startSpdySession } from '../../streams/spdy/spdy-session.ts'
import type { SpdySession } from '../../streams/spdy/spdy-session.ts'
import { RuntimeError } from '../runtime.ts'
import type { ExecSession } from '../runtime.ts'
import type { StreamsWanted } from './messages.ts'

// Never imported: see docs/decisions/light-start.md.
const { request } = process.getBuiltinModule('node:http')

const PROTOCOL = 'v4.channel.k8s.io'

/**
 * Opens the streams of a command at the URL that the engine has given for it. The session's exit code is what the engine
 * reports at its end: 0 where it reports success.
 */
export async function openCommand(url: string, wanted: StreamsWanted, signal?: AbortSignal): Promise<ExecSession> {
  const session = startSpdySession(await upgrade(url), { side: 'client' })
  const end = () => session.close()
  signal?.addEventListener('abort', end, { once: true })
  try {
    return await openStreams(session, wanted)
  } catch (cause) {
    session.close()
    throw new RuntimeError('RunContainerError', `Cannot open the streams of a command: ${String(cause)}`, { cause })
  }
}

async function openStreams(session: SpdySession, { stdin, stderr, tty }: StreamsWanted): Promise<ExecSession> {
  const open = (streamtype: string) => session.open({ streamtype })
  // Together: the engine starts when it has all of them.
  const [error, input, output, errors, resize] = await Promise.all([
    open('error'),
    stdin ? open('stdin') : undefined,
    open('stdout'),
    stderr && !tty ? open('stderr') : undefined,
    tty ? open('resize') : undefined,
  ])
  error.end()
  const exitCode = outcome(error, session)
  exitCode.catch(() => {})
  return {
    ...(input !== undefined && { stdin: input }),
    stdout: output,
    ...(stderr && { stderr: errors ?? PassThrough.from([]) }),
    resize: (Width, Height) => void resize?.write(JSON.stringify({ Width, Height })),
    exitCode,
  }
}

/** The last word comes as a Status on a stream of its own. */
async function outcome(stream: Duplex, session: SpdySession): Promise<number> {
  const chunks: Buffer[] = []
  try {
    for await (const chunk of stream) chunks.push(chunk as Buffer)
  } finally {
    void session.closed.then(() => stream.destroy())
  }
  const text = Buffer.concat(chunks).toString()
  if (text === '') throw new RuntimeError('RunContainerError', 'The engine went away before the command had ended')
  const { status, message, details } = JSON.parse(text) as CommandStatus
  if (status === 'Success') return 0
  const code = details?.causes?.find(({ reason }) => reason === 'ExitCode')?.message
  if (code !== undefined) return Number(code)
  throw new RuntimeError('RunContainerError', message ?? 'The command could not be run')
}

interface CommandStatus {
  readonly status: string
  readonly message?: string
  readonly details?: { readonly causes?: readonly { readonly reason: string; readonly message: string }[] }
}

/** Engines stream on a server of their own on loopback, with the right to this one command in the URL. */
function upgrade(url: string): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const asked = request(url, {
      method: 'POST',
      headers: { Connection: 'Upgrade', Upgrade: 'SPDY/3.1', 'X-Stream-Protocol-Version': PROTOCOL },
    })
    asked.once('error', reject)
    asked.once('upgrade', (_response, socket, head) => {
      if (head.length > 0) socket.unshift(head)
      resolve(socket)
    })
    asked.once('response', (response) => {
      response.resume()
      reject(new RuntimeError('RunContainerError', `The engine refused to stream: HTTP ${response.statusCode}`))
    })
    asked.end()
  })
}
