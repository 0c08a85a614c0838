import type { Container } from '../../../api/generated/core-v1.ts'
import type { Check, Subject, Violation } from './check.ts'
import { containersOf, distinct, named, plural, quoted, setters } from './check.ts'

const POD_ANNOTATION = 'seccomp.security.alpha.kubernetes.io/pod'
const CONTAINER_ANNOTATION = 'container.seccomp.security.alpha.kubernetes.io/'

const typeOf = (one: Container): string | undefined => one.securityContext?.seccompProfile?.type
const isForbidden = (type?: string): boolean => type !== undefined && type !== 'RuntimeDefault' && type !== 'Localhost'

export const seccompBaseline: Check = (subject, minor) =>
  minor < 19 ? byAnnotations(subject) : forbiddenTypes(subject)

function forbiddenTypes(subject: Subject): Violation | undefined {
  const ofPod = subject.spec.securityContext?.seccompProfile?.type
  const bad = containersOf(subject).filter((one) => isForbidden(typeOf(one)))
  const who = setters(isForbidden(ofPod), bad)
  if (who === '') return undefined
  const types = distinct([...(isForbidden(ofPod) ? [ofPod ?? ''] : []), ...bad.map((one) => typeOf(one) ?? '')])
  const detail = `${who} must not set securityContext.seccompProfile.type to ${quoted(types)}`
  return { reason: 'seccompProfile', detail }
}

/** Before there was a field for it. */
function byAnnotations(subject: Subject): Violation | undefined {
  const { annotations = {} } = subject.metadata
  const keys = [POD_ANNOTATION, ...containersOf(subject).map(({ name }) => CONTAINER_ANNOTATION + name)]
  const bad = keys.filter((key) => {
    const value = annotations[key]
    return (
      value !== undefined && !['runtime/default', 'docker/default'].includes(value) && !value.startsWith('localhost/')
    )
  })
  if (bad.length === 0) return undefined
  const shown = distinct(bad.map((key) => `${key}="${annotations[key] ?? ''}"`))
  return { reason: 'seccompProfile', detail: `forbidden ${plural(shown.length, 'annotation')} ${shown.join(', ')}` }
}

export const seccompRestricted: Check = (subject, minor) => {
  if (minor < 19 || (minor >= 25 && subject.spec.os?.name === 'windows')) return undefined
  const forbidden = forbiddenTypes(subject)
  if (forbidden !== undefined || subject.spec.securityContext?.seccompProfile !== undefined) return forbidden
  const without = containersOf(subject).filter((one) => typeOf(one) === undefined)
  if (without.length === 0) return undefined
  const wanted = 'must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"'
  return { reason: 'seccompProfile', detail: `pod or ${named(without)} ${wanted}` }
}
