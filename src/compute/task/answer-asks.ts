import type { AskingPlace } from '../coordinator/options.ts'
import { recordError } from '../wire/error-record.ts'
import { ASK, ASK_HEADER_BYTES, FRAME } from '../wire/messages.ts'
import { packOne, Unpacker } from '../wire/pack.ts'
import type { Call } from './call.ts'
import type { CallBatch } from './call-batch.ts'
import type { Calls } from './calls.ts'
import type { Objects } from '../objects/objects.ts'
import type { Actors } from '../actor/actors.ts'
import { goneError, unknownTaskError } from './task-errors.ts'
import { capturedTask, taskOf } from './task.ts'

/** Answers what user code on workers asks of the session. */
export function answerAsks(calls: Calls, actors: Pick<Actors, 'call' | 'idOf'>, objects: Pick<Objects, 'bytesOf'>) {
  /** What a thread has submitted and not been told the end of, by the number of its ask. */
  const submitted = new WeakMap<object, Map<number, Call>>()
  const ofPlace = (place: AskingPlace) => {
    let open = submitted.get(place)
    if (open === undefined) submitted.set(place, (open = new Map()))
    return open
  }
  const submit = (place: AskingPlace, body: Uint8Array, number: number) => {
    const read = new Unpacker(body, ASK_HEADER_BYTES)
    const id = read.value() as string
    const definition = capturedTask(id)
    if (definition === undefined) return answer(place, body, 1, packOne(recordError(unknownTaskError(id))))
    const parent = parentOf(place, read.u32(), read.u32())
    const packed = { bytes: body, start: read.at, end: body.byteLength }
    const open = ofPlace(place)
    const onSettled = (settled: Call) => {
      open.delete(number)
      answerWith(place, body, settled)
    }
    const call = calls.submit(taskOf(definition), [], { parent, packed, onSettled })
    if (!call.isSettled) open.set(number, call)
  }
  const callActor = (place: AskingPlace, body: Uint8Array) => {
    const read = new Unpacker(body, ASK_HEADER_BYTES)
    const id = read.value() as string
    const caller = parentOf(place, read.u32(), read.u32())
    const packed = { bytes: body, start: read.at, end: body.byteLength }
    const onSettled = (settled: Call) => answerWith(place, body, settled)
    const call = actors.call(id, { packed, caller, onSettled })
    if (call === undefined) answer(place, body, 1, packOne(recordError(goneError(id))))
  }
  const sendObject = (place: AskingPlace, body: Uint8Array) => {
    try {
      answer(place, body, 0, objects.bytesOf(new Unpacker(body, ASK_HEADER_BYTES).value() as string))
    } catch (error) {
      answer(place, body, 1, packOne(recordError(error)))
    }
  }
  return (place: AskingPlace, body: Uint8Array): void => {
    const number = new Unpacker(body, 0).u32()
    if (body[5] === ASK.submit) submit(place, body, number)
    else if (body[5] === ASK.call) callActor(place, body)
    else if (body[5] === ASK.object) sendObject(place, body)
    else if (body[5] === ASK.find) {
      const name = new Unpacker(body, ASK_HEADER_BYTES).value() as string
      answer(place, body, 0, packOne(actors.idOf(name)))
    } else if (body[5] === ASK.cancel) {
      ofPlace(place).get(new Unpacker(body, ASK_HEADER_BYTES).u32())?.cancel()
      answer(place, body, 0, packOne(undefined))
    }
  }
}

function answerWith(place: AskingPlace, asked: Uint8Array, call: Call): void {
  if (call.state !== 'done') return answer(place, asked, 1, packOne(recordError(call.error)))
  const { packed, shared } = call
  // Its thread may not see what lies in shared memory.
  const isInline = packed !== undefined && shared === undefined
  answer(place, asked, 0, isInline ? packed.bytes.subarray(packed.start, packed.end) : packOne(call.value()))
}

/** The call that asks: that piece of the task that runs there. */
function parentOf(place: AskingPlace, task: number, piece: number): Call | undefined {
  const work = place.sent.find(({ id }) => id === task)?.work as Partial<CallBatch> | undefined
  return work?.calls?.[piece]
}

function answer(place: AskingPlace, asked: Uint8Array, status: number, value: Uint8Array): void {
  const body = new Uint8Array(ASK_HEADER_BYTES + value.byteLength)
  body.set(asked.subarray(0, ASK_HEADER_BYTES - 1))
  body[ASK_HEADER_BYTES - 1] = status
  body.set(value, ASK_HEADER_BYTES)
  place.worker.link.send(FRAME.answer, body)
}
