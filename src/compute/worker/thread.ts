import { serialize } from 'node:v8'
import { receiveMessageOnPort } from 'node:worker_threads'
import type { MessagePort } from 'node:worker_threads'
import { FRAME_HEADER_BYTES, writeFrameHeader } from '../wire/frame.ts'
import { readControl } from '../wire/link.ts'
import { FRAME, PART_HEADER_BYTES } from '../wire/messages.ts'
import type { CoordinatorMessage, StageDefinition, WorkerMessage } from '../wire/messages.ts'
import { createReviver } from '../wire/revive.ts'
import { createActorProgram } from './actor-program.ts'
import { RUNNING } from './attempts.ts'
import { createCallProgram } from './call-program.ts'
import { forwardLogs } from './forward-logs.ts'
import { loadProgram } from './load-program.ts'
import { createMapProgram } from './map-program.ts'
import { partStoreOf } from './part-store.ts'
import type { CreateProgram, ProgramHost, StageProgram } from './program.ts'
import { createTaskRunner } from './task-runner.ts'
import { createThreadSession } from './thread-session.ts'

/** What the main thread hands to a thread: frames in order, as it got them. */
export type ThreadBatch = readonly (readonly [kind: number, body: Uint8Array])[]

export interface ThreadData {
  readonly thread: number
  /** Counts cancellations, so that a thread knows between items when to read its messages, and says what runs: {@link RUNNING}. */
  readonly running: SharedArrayBuffer
  /** To the main thread's part service. */
  readonly parts: MessagePort
}

interface Stage {
  readonly definition: StageDefinition
  program: StageProgram | undefined
}

/** Runs tasks, in order, on the thread that calls this. Never returns control while user code blocks: that is the point. */
export function runThread(port: MessagePort, data: ThreadData): void {
  const parts = partStoreOf(data.parts)
  const programs = new Map<string, CreateProgram>([
    ['map', createMapProgram],
    ['call', createCallProgram],
    ['actor', createActorProgram],
  ])
  const stages = new Map<number, Stage>()
  const running = new Int32Array(data.running)
  let cancellationsSeen = 0
  const control = (message: CoordinatorMessage) => {
    if (message.type === 'code') for (const code of message.code) reviver.addCode(code)
    if (message.type === 'program') programs.set(message.hash, loadProgram(message.source, message.hash))
    if (message.type === 'define') {
      stages.set(message.definition.stage, { definition: message.definition, program: undefined })
    }
    if (message.type === 'revoke') runner.stop(message.task, message.attempt, message.index)
    if (message.type === 'more') runner.more(message.task, message.attempt, message.index, message.count)
    if (message.type === 'cancel') runner.stopStage(message.stage)
    if (message.type === 'forget' || message.type === 'cancel') {
      stages.get(message.stage)?.program?.close?.()
      stages.delete(message.stage)
    }
    if (message.type === 'collect') sendPart(port, message, stages.get(message.stage)?.program?.collect?.())
  }
  const receive = (batch: ThreadBatch) => {
    for (const [kind, body] of batch) {
      if (kind === FRAME.task) runner.add(body)
      else if (kind === FRAME.answer) session.answer(body)
      else if (kind === FRAME.object) session.object(body)
      else if (kind === FRAME.control) control(readControl(body) as CoordinatorMessage)
    }
  }
  const look = () => {
    const seen = Atomics.load(running, RUNNING.cancellations)
    if (seen === cancellationsSeen) return
    cancellationsSeen = seen
    for (let more = receiveMessageOnPort(port); more !== undefined; more = receiveMessageOnPort(port)) {
      receive(more.message as ThreadBatch)
    }
  }
  const programOf = (id: number): StageProgram | undefined => {
    const stage = stages.get(id)
    if (stage === undefined || stage.program !== undefined) return stage?.program
    const create = programs.get(stage.definition.program)
    if (create === undefined) throw new Error(`Cannot run stage ${id}: its program was never sent`)
    const isCancelled = () => {
      look()
      return !stages.has(id)
    }
    const revive: ProgramHost['revive'] = (shipped) => reviver.revive(shipped)
    return (stage.program = create(stage.definition.options, { revive, isCancelled, parts }))
  }
  const send = (frame: Uint8Array<ArrayBuffer>) => port.postMessage(frame, [frame.buffer])
  forwardLogs(data.thread, send)
  const tell = (message: WorkerMessage) => send(controlFrame(message))
  const runner = createTaskRunner({ send, tell, look, running }, programOf)
  const session = createThreadSession({ thread: data.thread, send })
  const reviver = createReviver(session.valueOf)
  port.on('message', (batch: ThreadBatch) => {
    receive(batch)
    runner.run()
  })
}

function controlFrame(message: WorkerMessage): Uint8Array<ArrayBuffer> {
  const body = serialize(message)
  const frame = new Uint8Array(FRAME_HEADER_BYTES + body.byteLength)
  writeFrameHeader(frame, FRAME.control, body.byteLength)
  frame.set(body, FRAME_HEADER_BYTES)
  return frame
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
