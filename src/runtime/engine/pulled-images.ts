import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'

/**
 * Which images were pulled for pods, by their names: an engine has others that were built or loaded, or are somebody else's, and
 * those could not be had again. Kept in a file, for later lives.
 */
export interface PulledNames {
  list(): readonly string[]
  add(name: string): void
  remove(name: string): void
}

const FILE = 'pulled-images.json'

export function openPulledNames(directory: string): PulledNames {
  const file = path.join(directory, FILE)
  const names = new Set(namesIn(file))
  const keep = () => writeFileSync(file, JSON.stringify([...names]))
  return {
    list: () => [...names],
    add(name) {
      if (names.has(name)) return
      names.add(name)
      keep()
    },
    remove(name) {
      if (names.delete(name)) keep()
    },
  }
}

function namesIn(file: string): readonly string[] {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as readonly string[]
  } catch {
    return []
  }
}
