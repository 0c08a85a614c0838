import { decodeMessage } from './message.ts'
import type { DriverStageMessage } from './message.ts'
import type { ResumableLink } from './resumable-link.ts'
import { openServedStage } from './served-stage.ts'
import type { ServedStage, ServedStageOptions, StageControls } from './served-stage.ts'

/** The stages of a driver elsewhere, in the coordinator's pod. */
export interface ServedStages {
  /** A message on the channel of a stage. */
  message(channel: number, body: Uint8Array<ArrayBuffer>): void
  cancel(channel: number, reason: unknown): void
  /** What the driver says of a stage on the control channel; undefined where it has ended. */
  control(channel: number): StageControls | undefined
  /** The driver has taken something: stages whose results had no room go on. */
  room(): void
  /** Ends whatever runs: its driver is not coming back. */
  cancelAll(reason: unknown): void
  readonly size: number
}

export interface ServedStagesOptions extends ServedStageOptions {
  readonly link: Pick<ResumableLink, 'send' | 'consumed' | 'backlog' | 'release'>
}

export function createServedStages(options: ServedStagesOptions): ServedStages {
  const { link } = options
  const stages = new Map<number, ServedStage>()
  const cancelled = new Set<number>()
  const finished = new Set<number>()
  return {
    message(channel, body) {
      const { message, payload } = decodeMessage<DriverStageMessage>(body)
      if (message.type === 'open' && !cancelled.delete(channel)) {
        stages.set(
          channel,
          openServedStage(options, channel, message, () => {
            stages.delete(channel)
            finished.add(channel)
          }),
        )
        return link.consumed(channel, body.byteLength)
      }
      const stage = stages.get(channel)
      if (stage === undefined) link.consumed(channel, body.byteLength)
      else stage.take(message, payload, body.byteLength)
    },
    cancel(channel, reason) {
      const stage = stages.get(channel)
      if (stage === undefined && !finished.has(channel)) cancelled.add(channel)
      stage?.cancel(reason)
    },
    control: (channel) => stages.get(channel),
    room() {
      for (const channel of finished) {
        if (link.backlog(channel) > 0) continue
        finished.delete(channel)
        link.release(channel)
      }
      for (const stage of stages.values()) stage.wake()
    },
    cancelAll: (reason) => [...stages.values()].forEach((stage) => stage.cancel(reason)),
    get size() {
      return stages.size
    },
  }
}
