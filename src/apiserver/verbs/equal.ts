/** Whether two JSON values are the same; parts that are shared are not looked into. An undefined field is an absent one. */
export function jsonEqual(left: unknown, right: unknown): boolean {
  if (left === right) return true
  if (typeof left !== 'object' || typeof right !== 'object' || left === null || right === null) return false
  if (Array.isArray(left)) return Array.isArray(right) && arraysEqual(left, right)
  return !Array.isArray(right) && objectsEqual(left as Fields, right as Fields)
}

type Fields = Readonly<Record<string, unknown>>

function arraysEqual(left: readonly unknown[], right: readonly unknown[]): boolean {
  if (left.length !== right.length) return false
  for (let i = 0; i < left.length; i++) if (!jsonEqual(left[i], right[i])) return false
  return true
}

function objectsEqual(left: Fields, right: Fields): boolean {
  for (const key in left) if (!jsonEqual(left[key], right[key])) return false
  for (const key in right) if (left[key] === undefined && right[key] !== undefined) return false
  return true
}
