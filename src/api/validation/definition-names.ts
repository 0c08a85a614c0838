import type { CustomResourceDefinition, CustomResourceDefinitionNames } from '../generated/apiextensions-v1.ts'
import { invalid } from '../meta/field-error.ts'
import type { FieldError } from '../meta/field-error.ts'
import { dns1035LabelProblems } from '../meta/names.ts'

/** ValidateCustomResourceDefinitionNames: what is absent is not looked at. */
export function validateDefinitionNames(names: Partial<CustomResourceDefinitionNames>, path: string): FieldError[] {
  const { plural, singular, kind = '', listKind = '', shortNames, categories } = names
  const errors: FieldError[] = []
  const check = (field: string, value: string | undefined) => {
    const problems = dns1035LabelProblems(value ?? '')
    if (problems.length > 0) errors.push(invalid(`${path}.${field}`, value, problems.join(',')))
  }
  const checkMixed = (field: string, value: string) => {
    const problems = value === '' ? [] : dns1035LabelProblems(value.toLowerCase())
    if (problems.length === 0) return
    const detail = `may have mixed case, but should otherwise match: ${problems.join(',')}`
    errors.push(invalid(`${path}.${field}`, value, detail))
  }
  if (plural) check('plural', plural)
  if (singular) check('singular', singular)
  checkMixed('kind', kind)
  checkMixed('listKind', listKind)
  shortNames?.forEach((name, i) => check(`shortNames[${i}]`, name))
  if (kind !== '' && kind === listKind) {
    errors.push(invalid(`${path}.listKind`, listKind, 'kind and listKind may not be the same'))
  }
  categories?.forEach((name, i) => check(`categories[${i}]`, name))
  return errors
}

export const validateDefinitionStatus = ({ status }: CustomResourceDefinition): FieldError[] =>
  validateDefinitionNames(status?.acceptedNames ?? {}, 'status.acceptedNames')
