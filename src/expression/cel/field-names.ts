const RESERVED = new Set(
  'true false null in as break const continue else for function if import let loop package namespace return'.split(' '),
)

/** Whether an expression can name a field at all. */
export function canEscape(name: string): boolean {
  return /^[a-zA-Z_][a-zA-Z0-9_.\-/]*$/.test(name)
}

/** A field's name as an expression has to write it. */
export function escapeName(name: string): string {
  if (RESERVED.has(name)) return `__${name}__`
  return name
    .replaceAll('__', '__underscores__')
    .replaceAll('.', '__dot__')
    .replaceAll('-', '__dash__')
    .replaceAll('/', '__slash__')
}
