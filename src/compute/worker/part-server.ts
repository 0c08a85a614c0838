import { open } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { networkInterfaces } from 'node:os'
import { join, sep } from 'node:path'
import type { Duplex } from 'node:stream'
import { systemEnvironment } from '../../env/system.ts'
import { openLink } from '../wire/link.ts'
import type { Link } from '../wire/link.ts'
import { decodePartRequest, PART_FRAME, PART_ID_BYTES } from '../wire/parts.ts'

/** Starts to listen for other workers; resolves to the address that they dial. */
export type ListenForParts = (directory: string, onConnection: (stream: Duplex) => void) => Promise<string>

/** Listens in the worker's directory where its coordinator is on the same machine, by the network where it is not. */
export function listenLike(coordinator: string, host: string | undefined): ListenForParts {
  return async (directory, onConnection) => {
    const server = process.getBuiltinModule('node:net').createServer(onConnection)
    server.unref()
    const isLocal = coordinator.startsWith('unix:')
    const path = join(directory, 's')
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      if (isLocal) server.listen(path, resolve)
      else server.listen(0, resolve)
    })
    if (isLocal) return `unix:${path}`
    return `tcp:${host ?? ownHost()}:${(server.address() as AddressInfo).port}`
  }
}

export function ownHost(): string {
  const addresses = Object.values(networkInterfaces()).flatMap((each) => each ?? [])
  return addresses.find(({ internal, family }) => !internal && family === 'IPv4')?.address ?? '127.0.0.1'
}

/** Serves ranges of the files in `directory` to whoever proves over `stream` to hold `token`. */
export function serveParts(stream: Duplex, token: string, directory: string): void {
  let link: Link | undefined
  openLink(stream, 'coordinator', token, {
    after: (ms, action) => systemEnvironment().timers.after(ms, action, { background: true }),
    onOpen: (opened) => (link = opened),
    onFrame(kind, body) {
      if (kind === PART_FRAME.request && link !== undefined) void answer(link, directory, body)
    },
    onClosed: () => {},
  })
}

async function answer(link: Link, directory: string, body: Uint8Array): Promise<void> {
  const { id, file, from, to } = decodePartRequest(body)
  const reply = new Uint8Array(PART_ID_BYTES + Math.max(0, to - from))
  new DataView(reply.buffer).setUint32(0, id, true)
  try {
    await readWithin(directory, file, from, reply.subarray(PART_ID_BYTES))
    // A reader that takes what it asked for slowly is given nothing more until it has.
    await link.drained()
    link.send(PART_FRAME.bytes, reply)
  } catch (error) {
    const said = Buffer.from((error as Error).message)
    link.send(PART_FRAME.missing, Buffer.concat([reply.subarray(0, PART_ID_BYTES), said]))
  }
}

async function readWithin(directory: string, file: string, from: number, into: Uint8Array): Promise<void> {
  if (!file.startsWith(directory + sep) || file.includes(`..${sep}`)) throw new Error(`"${file}" is not of this worker`)
  const handle = await open(file)
  try {
    for (let at = 0; at < into.byteLength;) {
      const { bytesRead } = await handle.read(into, at, into.byteLength - at, from + at)
      if (bytesRead === 0) throw new Error(`"${file}" ends at byte ${from + at}`)
      at += bytesRead
    }
  } finally {
    await handle.close()
  }
}
