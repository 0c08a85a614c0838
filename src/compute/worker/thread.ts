import { createRequire } from 'node:module'
import { compileFunction } from 'node:vm'
import { receiveMessageOnPort } from 'node:worker_threads'
import type { MessagePort } from 'node:worker_threads'
import { systemEnvironment } from '../../env/system.ts'
import { FRAME_HEADER_BYTES, writeFrameHeader } from '../wire/frame.ts'
import { readControl } from '../wire/link.ts'
import { FRAME, PART_HEADER_BYTES, readTaskHeader, RESULT_HEADER_BYTES, TASK_HEADER_BYTES } from '../wire/messages.ts'
import { writeResultHeader } from '../wire/messages.ts'
import type { CoordinatorMessage, StageDefinition, TaskHeader } from '../wire/messages.ts'
import { createReviver } from '../wire/revive.ts'
import { CANCELLED, failed } from './failure.ts'
import { createMapProgram } from './map-program.ts'
import { partStoreOf } from './part-store.ts'
import type { CreateProgram, Outcome, StageProgram } from './program.ts'

/** What the main thread hands to a thread: frames in order, as it got them. */
export type ThreadBatch = readonly (readonly [kind: number, body: Uint8Array<ArrayBuffer>])[]

export interface ThreadData {
  readonly thread: number
  /** Counts cancellations: a running stage looks here between items, and reads its messages when it changed. */
  readonly cancellations: SharedArrayBuffer
  /** To the main thread's part service. */
  readonly parts: MessagePort
}

interface Stage {
  readonly definition: StageDefinition
  program: StageProgram | undefined
}

/** Runs tasks, in order, on the thread that calls this. Never returns control while user code blocks: that is the point. */
export function runThread(port: MessagePort, data: ThreadData): void {
  const { clock } = systemEnvironment()
  const reviver = createReviver()
  const parts = partStoreOf(data.parts)
  const programs = new Map<string, CreateProgram>([['map', createMapProgram]])
  const stages = new Map<number, Stage>()
  const cancellations = new Int32Array(data.cancellations)
  let cancellationsSeen = 0
  const queue: Uint8Array[] = []
  let running = false

  const control = (message: CoordinatorMessage) => {
    if (message.type === 'code') for (const code of message.code) reviver.addCode(code)
    if (message.type === 'program') programs.set(message.hash, loadProgram(message.source, message.hash))
    if (message.type === 'define') {
      stages.set(message.definition.stage, { definition: message.definition, program: undefined })
    }
    if (message.type === 'forget' || message.type === 'cancel') stages.delete(message.stage)
    if (message.type === 'collect') sendPart(port, message, stages.get(message.stage)?.program?.collect?.())
  }
  const receive = (batch: ThreadBatch) => {
    for (const [kind, body] of batch) {
      if (kind === FRAME.task) queue.push(body)
      else if (kind === FRAME.control) control(readControl(body) as CoordinatorMessage)
    }
  }
  const isCancelled = (stage: number) => {
    const seen = Atomics.load(cancellations, 0)
    if (seen !== cancellationsSeen) {
      cancellationsSeen = seen
      for (let more = receiveMessageOnPort(port); more !== undefined; more = receiveMessageOnPort(port)) {
        receive(more.message as ThreadBatch)
      }
    }
    return !stages.has(stage)
  }
  const programOf = (stage: Stage, id: number): StageProgram => {
    const create = programs.get(stage.definition.program)
    if (create === undefined) throw new Error(`Cannot run stage ${id}: its program was never sent`)
    const host = {
      revive: (shipped: Parameters<typeof reviver.revive>[0]) => reviver.revive(shipped),
      isCancelled: () => isCancelled(id),
      parts,
    }
    return (stage.program ??= create(stage.definition.options, host))
  }
  const attempt = (header: TaskHeader, payload: Uint8Array): Outcome | Promise<Outcome> => {
    const stage = stages.get(header.stage)
    if (stage === undefined) return CANCELLED
    try {
      const outcome = programOf(stage, header.stage).run(payload)
      return outcome instanceof Promise ? outcome.catch((thrown: unknown) => failed(thrown, 0)) : outcome
    } catch (thrown) {
      return failed(thrown, 0)
    }
  }
  const work = async () => {
    running = true
    for (let body = queue.shift(); body !== undefined; body = queue.shift()) {
      const header = readTaskHeader(body)
      const startedMs = clock.monotonicMs()
      const outcome = attempt(header, body.subarray(TASK_HEADER_BYTES))
      const settled = outcome instanceof Promise ? await outcome : outcome
      sendResult(port, header, settled, clock.monotonicMs() - startedMs)
    }
    running = false
  }
  port.on('message', (batch: ThreadBatch) => {
    receive(batch)
    if (!running) void work()
  })
}

function sendResult(port: MessagePort, header: TaskHeader, outcome: Outcome, elapsedMs: number): void {
  const bodyBytes = RESULT_HEADER_BYTES + outcome.payload.byteLength
  const frame = new Uint8Array(FRAME_HEADER_BYTES + bodyBytes)
  writeFrameHeader(frame, FRAME.result, bodyBytes)
  const micros = Math.round(elapsedMs * 1000)
  writeResultHeader(frame, FRAME_HEADER_BYTES, { ...header, status: outcome.status, micros })
  frame.set(outcome.payload, FRAME_HEADER_BYTES + RESULT_HEADER_BYTES)
  port.postMessage(frame, [frame.buffer])
}

function sendPart(
  port: MessagePort,
  request: { readonly stage: number; readonly thread: number; readonly request: number },
  part: Uint8Array = new Uint8Array(0),
): void {
  const frame = new Uint8Array(FRAME_HEADER_BYTES + PART_HEADER_BYTES + part.byteLength)
  writeFrameHeader(frame, FRAME.part, PART_HEADER_BYTES + part.byteLength)
  const view = new DataView(frame.buffer, FRAME_HEADER_BYTES)
  view.setUint32(0, request.stage, true)
  view.setUint32(4, request.request, true)
  view.setUint32(8, request.thread, true)
  frame.set(part, FRAME_HEADER_BYTES + PART_HEADER_BYTES)
  port.postMessage(frame, [frame.buffer])
}

/** Evaluates a bundle in the CommonJS form and takes its `createProgram`. */
function loadProgram(source: string, hash: string): CreateProgram {
  const module = { exports: {} as { createProgram?: CreateProgram } }
  const evaluate = compileFunction(source, ['module', 'exports', 'require'], { filename: `shoal:program/${hash}` })
  evaluate(module, module.exports, createRequire(`${process.cwd()}/`))
  const { createProgram } = module.exports
  if (createProgram === undefined) throw new Error(`Cannot load program "${hash}": it exports no createProgram`)
  return createProgram
}
