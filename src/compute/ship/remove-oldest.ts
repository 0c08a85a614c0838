import fs from 'node:fs'
import path from 'node:path'

/** Keeps the newest `kept` of a cache's files that begin with `prefix`, as soon as there are more than twice as many. */
export function removeOldest(directory: string, prefix: string, kept: number): void {
  const names = fs.readdirSync(directory).filter((name) => name.startsWith(prefix))
  if (names.length <= 2 * kept) return
  const aged = names.map((name) => ({ name, at: fs.statSync(path.join(directory, name)).mtimeMs }))
  aged.sort((a, b) => b.at - a.at)
  for (const { name } of aged.slice(kept)) fs.rmSync(path.join(directory, name), { force: true })
}
