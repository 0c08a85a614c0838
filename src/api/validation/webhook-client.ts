import { invalid, required } from '../meta/field-error.ts'
import type { FieldError } from '../meta/field-error.ts'
import { dnsSubdomainProblems, portNumberProblems } from '../meta/names.ts'

/** A Service as which a webhook can be reached. */
interface ServiceReference {
  readonly name?: string
  readonly namespace?: string
  readonly path?: string
  readonly port?: number
}

const FORM = '; desired format: https://host[/path]'

/** ValidateWebhookURL: the parts are Go's, to which much is a URL. */
export function validateWebhookUrl(text: string, path: string): FieldError[] {
  const [, beforeFragment = '', fragment = ''] = /^([^#]*)(?:#(.*))?$/s.exec(text) ?? []
  const [, whole = '', query = ''] = /^([^?]*)(?:\?(.*))?$/s.exec(beforeFragment) ?? []
  const [, scheme = '', rest = whole] = /^([a-z][a-z0-9+.-]*):(.*)$/is.exec(whole) ?? []
  const [, authority = ''] = /^\/\/([^/]*)/.exec(rest) ?? []
  const at = authority.lastIndexOf('@')
  const host = authority.slice(at + 1)
  const errors: FieldError[] = []
  if (scheme.toLowerCase() !== 'https') {
    errors.push(invalid(path, scheme.toLowerCase(), `'https' is the only allowed URL scheme${FORM}`))
  }
  if (host === '') errors.push(invalid(path, '', `host must be specified${FORM}`))
  const refuse = (value: string, what: string) => errors.push(invalid(path, value, `${what} not permitted in the URL`))
  if (at >= 0) refuse(authority.slice(0, at), 'user information is')
  if (fragment !== '') refuse(fragment, 'fragments are')
  if (query !== '') refuse(query, 'query parameters are')
  return errors
}

/** ValidateWebhookService, to which callers give name and namespace the wrong way round: the one is missed as the other. */
export function validateWebhookService(service: ServiceReference, at: string): FieldError[] {
  const { name = '', namespace = '', path, port = 443 } = service
  const errors: FieldError[] = []
  if (namespace === '') errors.push(required(`${at}.name`))
  if (name === '') errors.push(required(`${at}.namespace`))
  const problems = portNumberProblems(port)
  if (problems.length > 0) errors.push(invalid(`${at}.port`, port, `port is not valid: ${problems.join(', ')}`))
  return path === undefined ? errors : [...errors, ...validatePath(path, `${at}.path`)]
}

function validatePath(text: string, path: string): FieldError[] {
  if (text === '' || text === '/') return []
  if (text === '//') return [invalid(path, text, 'segment[0] may not be empty')]
  const errors = text.startsWith('/') ? [] : [invalid(path, text, "must start with a '/'")]
  const steps = text.slice(1).replace(/\/$/, '').split('/')
  const wrong = steps.flatMap((step, i) => {
    if (step === '') return [invalid(path, text, `segment[${i}] may not be empty`)]
    return dnsSubdomainProblems(step).map((problem) => invalid(path, text, `segment[${i}]: ${problem}`))
  })
  return [...errors, ...wrong]
}
