import { readdirSync, statSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { MessagePort } from 'node:worker_threads'
import { parseAddress } from '../wire/address.ts'
import type { PartAnswer, PartHome, PartQuestion } from '../wire/parts.ts'
import { createPartPeers } from './part-peers.ts'
import type { DialPart } from './part-peers.ts'
import { listenLike, serveParts } from './part-server.ts'
import type { ListenForParts } from './part-server.ts'
import { makeScratch } from './scratch.ts'

/** What a worker's main thread does for parts that threads leave for one another. */
export interface PartService {
  /** Answers what a thread asks through `port`. */
  attach(port: MessagePort): void
  /** Removes what was kept under `name`: nobody will ask for it again. */
  release(name: string): void
  /** The size of what is kept and was not released; at least 1 where there is something. */
  keptBytes(): number
}

export interface PartServiceOptions {
  readonly token: string
  /** Of the coordinator: workers reach each other in the same way. */
  readonly address: string
  /** The host under which other workers reach this one, where that is by the network. */
  readonly host?: string
  readonly dial?: DialPart
  readonly listen?: ListenForParts
}

/** Loaded where it is needed, as most runs do without. */
const net = () => process.getBuiltinModule('node:net')

/** Directory and listener are made when a thread first asks for them: most runs need neither. */
export function createPartService(options: PartServiceOptions): PartService {
  const { token, dial = (address) => net().connect(parseAddress(address)) } = options
  const listen = options.listen ?? listenLike(options.address, options.host)
  const peers = createPartPeers(dial, token)
  let home: Promise<PartHome> | undefined
  let directory: string | undefined
  const makeHome = async (): Promise<PartHome> => {
    const made = (directory = makeScratch())
    return { directory: made, address: await listen(made, (stream) => serveParts(stream, token, made)) }
  }
  const answer = async (question: PartQuestion): Promise<PartAnswer> => {
    const { id } = question
    try {
      if (question.type === 'home') return { id, home: await (home ??= makeHome()) }
      const { address, file, from, to } = question
      return { id, bytes: await peers.fetch(address, file, from, to) }
    } catch (error) {
      return { id, error: (error as Error).message }
    }
  }
  return {
    attach(port) {
      port.on('message', (question: PartQuestion) => {
        void answer(question).then((reply) => port.postMessage(reply, 'bytes' in reply ? [reply.bytes.buffer] : []))
      })
    },
    keptBytes: () => (directory === undefined ? 0 : bytesIn(directory)),
    release(name) {
      void home?.then(({ directory }) => rm(join(directory, name), { recursive: true, force: true }))
    },
  }
}

function bytesIn(directory: string): number {
  let bytes = 0
  for (const entry of readdirSync(directory, { recursive: true, withFileTypes: true })) {
    if (entry.isSocket()) continue
    // What is removed meanwhile has no size.
    const size = entry.isFile() ? statSync(join(entry.parentPath, entry.name), { throwIfNoEntry: false })?.size : 1
    bytes += size ?? 0
  }
  return bytes
}
