import type { ContainerInspectInfo } from 'dockerode'
import { signalOf } from '../engine/signals.ts'
import type { ContainerState, ContainerStatus } from '../runtime.ts'
import { ATTEMPT_LABEL, CONTAINER_NAME_LABEL, POD_UID_LABEL, SANDBOX_LABEL } from './labels.ts'

/** What the port says of a container, from what Docker says. */
export function containerStatusOf({ Id, Config, Image, State, Created }: ContainerInspectInfo): ContainerStatus {
  const { Labels } = Config
  return {
    id: Id,
    sandboxId: Labels[SANDBOX_LABEL] ?? '',
    podUid: Labels[POD_UID_LABEL] ?? '',
    name: Labels[CONTAINER_NAME_LABEL] ?? '',
    attempt: Number(Labels[ATTEMPT_LABEL] ?? 0),
    image: Config.Image,
    imageId: Image,
    state: stateOf(State as DockerState, millisecondsOf(Created)),
  }
}

type DockerState = ContainerInspectInfo['State'] & { readonly Error?: string }

function stateOf(
  { Status, StartedAt, FinishedAt, ExitCode, OOMKilled, Error: said = '' }: DockerState,
  createdAtMs: number,
): ContainerState {
  const phase = phaseOf(Status)
  const startedAtMs = millisecondsOf(StartedAt)
  if (phase === 'running') return { phase, startedAtMs }
  // One that could not be started stays created, with the code and the reason of the failure.
  if (phase === 'created' && ExitCode === 0) return { phase }
  const isStartError = phase === 'created'
  const signal = isStartError ? undefined : signalOf(ExitCode)
  return {
    phase: 'exited',
    startedAtMs: isStartError ? 0 : startedAtMs,
    // Docker does not say when it gave up.
    finishedAtMs: isStartError ? createdAtMs : millisecondsOf(FinishedAt),
    exitCode: ExitCode,
    ...(signal !== undefined && { signal }),
    oomKilled: OOMKilled,
    ...(isStartError && { startError: said }),
  }
}

/** Docker's words for what becomes of containers; one that is paused by hand is none of ours to judge. */
export function phaseOf(status: string): ContainerState['phase'] {
  if (status === 'created') return 'created'
  return ['running', 'paused', 'restarting'].includes(status) ? 'running' : 'exited'
}

/** With the fraction that nanoseconds leave; the year 1 is Docker's way of saying never. */
export function millisecondsOf(time: string): number {
  const [seconds = '', fraction = '0'] = time.replace('Z', '').split('.')
  const whole = Date.parse(`${seconds}Z`)
  return whole < 0 ? 0 : whole + Number(`0.${fraction}`) * 1000
}
