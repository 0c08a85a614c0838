/** Sets fields that are absent; those that are there, zero or not, stay. */
export function setDefaults<T extends object>(target: T, defaults: Partial<T>): void {
  for (const key of Object.keys(defaults) as (keyof T)[]) {
    const value = defaults[key]
    if (target[key] === undefined && value !== undefined) target[key] = value as T[keyof T]
  }
}

/** As {@link setDefaults}, for fields whose zero Kubernetes cannot tell from absence. */
export function setDefaultsOfZero<T extends object>(target: T, defaults: Partial<T>): void {
  for (const key of Object.keys(defaults) as (keyof T)[]) {
    const value = defaults[key]
    if (!target[key] && value !== undefined) target[key] = value as T[keyof T]
  }
}
