import { invalid, required } from '../meta/field-error.ts'
import type { FieldError } from '../meta/field-error.ts'
import { dnsSubdomainProblems } from '../meta/names.ts'
import { named } from './object-meta.ts'

const PATH = "[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+"

/** Such as `acme.io/foo`. */
export function validateDomainPrefixedPath(field: string, value: string): FieldError[] {
  if (value === '') return [required(field)]
  const slash = value.indexOf('/')
  const [host, path] = [value.slice(0, Math.max(0, slash)), value.slice(slash + 1)]
  if (slash < 1 || path === '') {
    return [invalid(field, value, 'must be a domain-prefixed path (such as "acme.io/foo")')]
  }
  const errors = named(field, host, dnsSubdomainProblems(host))
  if (new RegExp(`^${PATH}$`).test(path)) return errors
  return [...errors, invalid(field, path, `Invalid path (regex used for validation is '${PATH}')`)]
}
