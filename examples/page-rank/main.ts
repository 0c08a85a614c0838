// PageRank over the packages of a lock file: each gives its rank to those that it depends on. Ten rounds, each one join and one reduce.
//
//     bin/shoal run examples/page-rank/main.ts [LOCK_FILE]
import { readFile } from 'node:fs/promises'
import { connect } from 'shoal'

interface Lock {
  readonly packages: Readonly<Record<string, { readonly dependencies?: Readonly<Record<string, string>> }>>
}

const path = process.argv[2] ?? 'package-lock.json'
const { packages } = JSON.parse(await readFile(path, 'utf8')) as Lock
const nameOf = (place: string) => place.slice(place.lastIndexOf('node_modules/') + 'node_modules/'.length)

await using shoal = await connect()
const links = shoal
  .dataset(Object.entries(packages).filter(([place]) => place !== ''))
  .map(([place, { dependencies = {} }]) => [nameOf(place), Object.keys(dependencies)] as const)
  .reduceByKey((left, right) => [...new Set([...left, ...right])])
  .cache()
const count = await links.count()

let ranks = links.mapValues(() => 1 / count)
for (let round = 0; round < 10; round++) {
  ranks = links
    .join(ranks)
    .flatMap(([name, [targets, rank]]) => [
      [name, 0.15 / count] as const,
      ...targets.map((target) => [target, (0.85 * rank) / targets.length] as const),
    ])
    .reduceByKey((left, right) => left + right)
    .cache()
}
for (const [name, rank] of await ranks.top(5, ([, rank]) => rank)) console.log(`${rank.toFixed(4)} ${name}`)
