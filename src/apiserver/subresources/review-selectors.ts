import type {
  FieldSelectorAttributes,
  LabelSelectorAttributes,
  ResourceAttributes,
} from '../../api/generated/authorization-v1.ts'
import { invalid, required } from '../../api/meta/field-error.ts'
import type { FieldError } from '../../api/meta/field-error.ts'
import { parseFieldTerms } from '../../api/meta/field-selector.ts'
import type { FieldRequirement, FieldSelector } from '../../api/meta/field-selector.ts'
import { parseLabelSelector } from '../../api/meta/label-selector.ts'
import { labelKeyProblems, labelValueProblems } from '../../api/meta/names.ts'
import { validateSetOperator } from '../../api/validation/label-selector.ts'

const PATH = 'spec.resourceAttributes'

/** What is wrong with the selectors of an access review: of each, either text or requirements. */
export function selectorErrors({ fieldSelector, labelSelector }: ResourceAttributes): FieldError[] {
  const fields = fieldSelector?.requirements ?? []
  const labels = labelSelector?.requirements ?? []
  return [
    ...formErrors(fieldSelector, `${PATH}.fieldSelector`),
    ...fields.flatMap(({ key, operator, values = [] }, i) => {
      const at = `${PATH}.fieldSelector.requirements[${i}]`
      return [...(key ? [] : [required(`${at}.key`, 'must be specified')]), ...operatorErrors(operator, values, at)]
    }),
    ...formErrors(labelSelector, `${PATH}.labelSelector`),
    ...labels.flatMap(({ key, operator, values = [] }, i) => {
      const at = `${PATH}.labelSelector.requirements[${i}]`
      return [
        ...operatorErrors(operator, values, at),
        ...labelKeyProblems(key).map((problem) => invalid(`${at}.key`, key, problem)),
        ...values.flatMap((value, j) =>
          labelValueProblems(value).map((each) => invalid(`${at}.values[${j}]`, value, each)),
        ),
      ]
    }),
  ]
}

function formErrors(selector: FieldSelectorAttributes | LabelSelectorAttributes | undefined, at: string): FieldError[] {
  if (selector === undefined) return []
  const { rawSelector = '', requirements = [] } = selector
  const both = 'may not specified at the same time as requirements'
  if (rawSelector !== '' && requirements.length > 0) return [invalid(`${at}.rawSelector`, rawSelector, both)]
  if (rawSelector !== '' || requirements.length > 0) return []
  return [required(`${at}.requirements`, `when ${at} is specified, requirements or rawSelector is required`)]
}

/** Operators that are not known may come from newer clients. */
const operatorErrors = (operator: string, values: readonly string[], at: string): readonly FieldError[] =>
  validateSetOperator(operator, values, at) ?? []

/** The requirements on fields that are understood; leaving out others asks about more, which is safe. */
export function reviewedFields(selector: FieldSelectorAttributes | undefined): FieldSelector | undefined {
  if (selector === undefined) return undefined
  const { rawSelector = '', requirements = [] } = selector
  return rawSelector === '' ? requirements.flatMap(requirementOf) : fieldsOfText(rawSelector)
}

/** What an answer says of selectors that were left out, or of which parts were. */
export function ignoredSelectors({ fieldSelector, labelSelector }: ResourceAttributes): string | undefined {
  const fields = fieldSelector?.requirements ?? []
  const labels = labelSelector?.requirements ?? []
  const told = [
    ...ignored('fieldSelector', fields.length, fields.filter((each) => requirementOf(each).length > 0).length),
    ...ignored('fieldSelector', 1, canRead(parseFieldTerms, fieldSelector?.rawSelector) ? 1 : 0),
    ...ignored('labelSelector', labels.length, labels.filter(({ operator }) => OPERATORS.includes(operator)).length),
    ...ignored('labelSelector', 1, canRead(parseLabelSelector, labelSelector?.rawSelector) ? 1 : 0),
  ]
  return told.length === 0 ? undefined : told.join('; ')
}

const OPERATORS = ['In', 'NotIn', 'Exists', 'DoesNotExist']

function ignored(name: string, count: number, read: number): readonly string[] {
  if (read === count) return []
  return [`${PATH}.${name} ${read > 0 ? 'partially ' : ''}ignored due to parse error`]
}

function canRead(parse: (text: string) => unknown, text = ''): boolean {
  if (text === '') return true
  try {
    parse(text)
    return true
  } catch {
    return false
  }
}

/** The requirements of a selector as text; none where it cannot be read. */
export function fieldsOfText(text: string): FieldSelector {
  try {
    return parseFieldTerms(text)
  } catch {
    return []
  }
}

type Requirement = NonNullable<FieldSelectorAttributes['requirements']>[number]

function requirementOf({ key, operator, values = [] }: Requirement): FieldRequirement[] {
  const [value, ...more] = values
  if (value === undefined || more.length > 0 || (operator !== 'In' && operator !== 'NotIn')) return []
  return [{ field: key, equals: operator === 'In', value }]
}
