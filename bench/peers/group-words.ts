import { readFileSync } from 'node:fs'

/** The same as bench/programs/group-words.ts on one thread, without Shoal. */
const groups = new Map<string, string[]>()
for (const [word] of readFileSync(process.argv[2]!, 'latin1').matchAll(/[a-z]+/g)) {
  const group = groups.get(word)
  if (group === undefined) groups.set(word, [word])
  else group.push(word)
}
const top = [...groups].sort((left, right) => right[1].length - left[1].length).slice(0, 3)
for (const [word, all] of top) console.log(`${word} ${all.length}`)
