import { systemEnvironment } from '../../src/env/system.ts'
import { CALL_STATUS, beginResult, endResult } from '../../src/compute/wire/calls.ts'
import { openLink, readControl } from '../../src/compute/wire/link.ts'
import type { Link } from '../../src/compute/wire/link.ts'
import {
  FRAME,
  RESULT_HEADER_BYTES,
  STATUS,
  TASK_HEADER_BYTES,
  readTaskHeader,
  writeResultHeader,
} from '../../src/compute/wire/messages.ts'
import type { CoordinatorMessage, WorkerMessage } from '../../src/compute/wire/messages.ts'
import { Packer, readU32 } from '../../src/compute/wire/pack.ts'
import { dial } from '../../src/compute/wire/secure.ts'

/**
 * Many workers in one process that speak the workers' protocol and run nothing: each task is answered after so many milliseconds, each
 * of its calls with nothing. What is measured with them is the driver alone.
 */
const [address = '', token = '', count = '1', threads = '1', taskMs = '0'] = process.argv.slice(2)
const { timers } = systemEnvironment()

for (let number = 0; number < Number(count); number++) serve(`simulated-${number}`)

function serve(pod: string): void {
  let link: Link | undefined
  const send = (message: WorkerMessage) => link?.sendControl(message)
  openLink(dial(address, undefined, 'coordinator'), 'worker', token, {
    onOpen(opened) {
      link = opened
      const facts = { pod, node: 'simulated', pid: process.pid, threads: Number(threads), nodeVersion: process.version }
      send({ type: 'ready', worker: facts })
      for (let thread = 0; thread < Number(threads); thread++) send({ type: 'thread-ready', thread })
    },
    onFrame(kind, body) {
      if (kind === FRAME.control) {
        const message = readControl(body) as CoordinatorMessage
        if (message.type === 'leave') process.exit(0)
        if (message.type !== 'ping') return
        return send({ type: 'pong', sequence: message.sequence, residentBytes: 0, cpuMicros: 0, keptBytes: 0 })
      }
      if (kind !== FRAME.task) return
      if (taskMs === '0') link?.send(FRAME.result, resultOf(body))
      else timers.after(Number(taskMs), () => link?.send(FRAME.result, resultOf(body)))
    },
    onClosed: () => process.exit(0),
  })
}

function resultOf(task: Uint8Array): Uint8Array {
  const calls = readU32(task, TASK_HEADER_BYTES)
  const packer = new Packer(64 + calls * 16)
  for (let index = 0; index < calls; index++) {
    const at = beginResult(packer, index)
    packer.value(undefined)
    endResult(packer, at, CALL_STATUS.done, 0)
  }
  const body = new Uint8Array(RESULT_HEADER_BYTES + packer.at)
  const micros = Number(taskMs) * 1000
  writeResultHeader(body, 0, { ...readTaskHeader(task), status: STATUS.done, micros })
  body.set(packer.bytes.subarray(0, packer.at), RESULT_HEADER_BYTES)
  return body
}
