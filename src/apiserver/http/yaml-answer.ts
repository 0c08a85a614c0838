import { Document, visit } from 'yaml'

/** What YAML 1.1 reads as something else than text unless it is quoted: yes and no, numbers, times, nothing. */
const NOT_TEXT = [
  /^$/,
  /^(?:y|yes|n|no|true|false|on|off|null)$/i,
  /^~$/,
  /^<<$/,
  /^[-+]?(?:0b[01_]+|0x[\da-f_]+|0[0-7_]+|\d[\d_]*|\d[\d_]*(?::[0-5]?\d)+(?:\.[\d_]*)?)$/i,
  /^[-+]?(?:\d[\d_]*\.?\d*|\.\d+)(?:e[-+]?\d+)?$/i,
  /^[-+]?\.(?:inf|nan)$/i,
  /^\d{4}-\d\d?-\d\d?(?:(?:[tT]|\s+)\d\d?:\d\d:\d\d(?:\.\d*)?\s*(?:Z|[-+]\d\d?(?::\d\d)?)?)?$/,
]

/** A value as Kubernetes writes YAML: keys sorted, lists not indented, double quotes where text looks like something else. */
export function yamlText(value: unknown): string {
  const document = new Document(value, { version: '1.1', sortMapEntries: true, aliasDuplicateObjects: false })
  visit(document, {
    Scalar(_, node) {
      const { value: text } = node
      if (typeof text === 'string' && NOT_TEXT.some((form) => form.test(text))) node.type = 'QUOTE_DOUBLE'
    },
  })
  const text = document.toString({ singleQuote: true, indentSeq: false, lineWidth: 0, nullStr: 'null' })
  // A dot alone is a number to one reader of YAML 1.1 and text to Kubernetes': managed fields are full of them.
  return text.replaceAll(/^((?: |- )*)'\.':/gm, '$1.:')
}
