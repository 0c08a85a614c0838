import type { APIService } from '../generated/apiregistration-v1.ts'
import { invalid, notSupported, required } from '../meta/field-error.ts'
import type { FieldError } from '../meta/field-error.ts'
import { dns1035LabelProblems, dnsSubdomainProblems, pathSegmentProblems, portNumberProblems } from '../meta/names.ts'
import { named, validateMetadata } from './object-meta.ts'

/** With its metadata: the name must be put together of version and group. */
export function validateApiService({ metadata, spec }: APIService): FieldError[] {
  const { group = '', version = '', service, caBundle = '', insecureSkipTLSVerify = false } = spec ?? {}
  const wanted = `${version}.${group}`
  const errors = validateMetadata(metadata, false, (name) => nameProblems(name, wanted))
  const { groupPriorityMinimum = 0, versionPriority = 0 } = spec ?? {}
  if (group === '' && version !== 'v1') {
    errors.push(required('spec.group', 'only v1 may have an empty group and it better be legacy kube'))
  }
  if (group !== '') errors.push(...named('spec.group', group, dnsSubdomainProblems(group)))
  errors.push(...named('spec.version', version, dns1035LabelProblems(version)))
  errors.push(...validatePriority('spec.groupPriorityMinimum', groupPriorityMinimum, 20_000))
  errors.push(...validatePriority('spec.versionPriority', versionPriority, 1000))
  const insecure = 'spec.insecureSkipTLSVerify'
  if (service === undefined) {
    const bytes = `${Buffer.from(caBundle, 'base64').length} bytes`
    if (caBundle !== '') errors.push(invalid('spec.caBundle', bytes, 'local APIServices may not have a caBundle'))
    if (insecureSkipTLSVerify)
      errors.push(invalid(insecure, true, 'local APIServices may not have insecureSkipTLSVerify'))
    return errors
  }
  if (!service.namespace) errors.push(required('spec.service.namespace'))
  if (!service.name) errors.push(required('spec.service.name'))
  const port = service.port ?? 0
  const problems = portNumberProblems(port)
  if (problems.length > 0) errors.push(invalid('spec.service.port', port, `port is not valid: ${problems.join(', ')}`))
  if (insecureSkipTLSVerify && caBundle !== '') {
    errors.push(invalid(insecure, true, 'may not be true if caBundle is present'))
  }
  return errors
}

function nameProblems(name: string, wanted: string): readonly string[] {
  const problems = pathSegmentProblems(name)
  if (problems.length > 0 || name === wanted) return problems
  return [`must be \`spec.version+"."+spec.group\`: ${JSON.stringify(wanted)}`]
}

const validatePriority = (path: string, value: number, most: number): FieldError[] =>
  value > 0 && value <= most ? [] : [invalid(path, value, `must be positive and less than ${most}`)]

const STATUSES = ['True', 'False', 'Unknown']

export function validateApiServiceStatus({ status }: APIService): FieldError[] {
  return (status?.conditions ?? []).flatMap(({ status: value }, i) =>
    STATUSES.includes(value) ? [] : [notSupported(`status.conditions[${i}].status`, value, STATUSES)],
  )
}
