import type { Container, HTTPGetAction, Lifecycle, LifecycleHandler, Probe } from '../generated/core-v1.ts'
import { forbidden, invalid, notSupported, required } from '../meta/field-error.ts'
import type { FieldError } from '../meta/field-error.ts'
import { headerNameProblems, portNameProblems, portNumberProblems } from '../meta/names.ts'
import { nonNegative } from './numbers.ts'

export function validateProbes(container: Container, path: string): FieldError[] {
  const { livenessProbe, readinessProbe, startupProbe } = container
  const errors = validateProbe(livenessProbe, `${path}.livenessProbe`)
  errors.push(...onlyOneSuccess(livenessProbe, `${path}.livenessProbe`))
  errors.push(...validateProbe(readinessProbe, `${path}.readinessProbe`))
  if (readinessProbe?.terminationGracePeriodSeconds !== undefined) {
    const at = `${path}.readinessProbe.terminationGracePeriodSeconds`
    errors.push(invalid(at, readinessProbe.terminationGracePeriodSeconds, 'must not be set for readinessProbes'))
  }
  errors.push(...validateProbe(startupProbe, `${path}.startupProbe`))
  return [...errors, ...onlyOneSuccess(startupProbe, `${path}.startupProbe`)]
}

function onlyOneSuccess(probe: Probe | undefined, path: string): FieldError[] {
  if (probe === undefined || (probe.successThreshold ?? 1) === 1) return []
  return [invalid(`${path}.successThreshold`, probe.successThreshold, 'must be 1')]
}

function validateProbe(probe: Probe | undefined, path: string): FieldError[] {
  if (probe === undefined) return []
  const errors = validateHandler(probe, path)
  const numbers = [
    'initialDelaySeconds',
    'timeoutSeconds',
    'periodSeconds',
    'successThreshold',
    'failureThreshold',
  ] as const
  for (const field of numbers) errors.push(...nonNegative(`${path}.${field}`, probe[field]))
  const grace = probe.terminationGracePeriodSeconds
  if (grace !== undefined && grace <= 0) {
    errors.push(invalid(`${path}.terminationGracePeriodSeconds`, grace, 'must be greater than 0'))
  }
  return errors
}

/** `graceSeconds` is how long the pod may take to end: a sleep before that must be shorter. */
export function validateLifecycle(lifecycle: Lifecycle | undefined, path: string, graceSeconds: number): FieldError[] {
  const errors: FieldError[] = []
  if (lifecycle?.postStart) errors.push(...validateHandler(lifecycle.postStart, `${path}.postStart`, graceSeconds))
  if (lifecycle?.preStop) errors.push(...validateHandler(lifecycle.preStop, `${path}.preStop`, graceSeconds))
  return errors
}

const HANDLERS = ['exec', 'httpGet', 'tcpSocket', 'grpc', 'sleep'] as const
type Handler = LifecycleHandler & Pick<Probe, 'grpc'>

function validateHandler(handler: Handler, path: string, graceSeconds = 0): FieldError[] {
  const errors: FieldError[] = []
  const given = HANDLERS.filter((name) => handler[name] !== undefined)
  given
    .slice(1)
    .forEach((name) => errors.push(forbidden(`${path}.${name}`, 'may not specify more than 1 handler type')))
  if (given[0] === undefined) return [required(path, 'must specify a handler type')]
  if (given[0] === 'exec' && (handler.exec?.command ?? []).length === 0) errors.push(required(`${path}.exec.command`))
  if (given[0] === 'httpGet' && handler.httpGet) errors.push(...validateHttpGet(handler.httpGet, `${path}.httpGet`))
  if (given[0] === 'tcpSocket' && handler.tcpSocket) {
    errors.push(...validatePortReference(handler.tcpSocket.port, `${path}.tcpSocket.port`))
  }
  if (given[0] === 'sleep' && handler.sleep) {
    const { seconds } = handler.sleep
    const detail = `must be non-negative and less than terminationGracePeriodSeconds (${graceSeconds})`
    if (seconds < 0 || seconds > graceSeconds) errors.push(invalid(`${path}.sleep`, seconds, detail))
  }
  if (given[0] === 'grpc' && handler.grpc) errors.push(...validatePortReference(handler.grpc.port, `${path}.grpc.port`))
  return errors
}

function validateHttpGet(action: HTTPGetAction, path: string): FieldError[] {
  const errors: FieldError[] = []
  if ((action.path ?? '') === '') errors.push(required(`${path}.path`))
  errors.push(...validatePortReference(action.port, `${path}.port`))
  const schemes = ['HTTP', 'HTTPS']
  if (!schemes.includes(action.scheme ?? '')) errors.push(notSupported(`${path}.scheme`, action.scheme ?? '', schemes))
  for (const { name } of action.httpHeaders ?? []) {
    errors.push(...headerNameProblems(name).map((problem) => invalid(`${path}.httpHeaders`, name, problem)))
  }
  return errors
}

/** A port's number or name. */
export function validatePortReference(port: string | number, path: string): FieldError[] {
  const problems = typeof port === 'number' ? portNumberProblems(port) : portNameProblems(port)
  return problems.map((problem) => invalid(path, port, problem))
}
