// Requests of a web server's log with the people who made them: how much each country was sent. CSV on both sides.
//
//     bin/shoal run examples/web-log-join/main.ts [REQUESTS USERS]
import { connect } from 'shoal'

const folder = 'examples/web-log-join'
const [requestsFile = `${folder}/requests.csv`, usersFile = `${folder}/users.csv`] = process.argv.slice(2)

await using shoal = await connect()
const users = shoal
  .files(usersFile)
  .csv<{ user: string; country: string }>()
  .map(({ user, country }) => [user, country] as const)
const requests = shoal
  .files(requestsFile)
  .csv<{ user: string; path: string; bytes: number }>({ types: { bytes: 'number' }, malformed: 'skip' })
  .map(({ user, bytes }) => [user, bytes] as const)
const byCountry = await requests
  .join(users, { how: 'left' })
  .map(([, [bytes, country]]) => [country ?? 'unknown', bytes] as const)
  .reduceByKey((left, right) => left + right)
  .sort(([, bytes]) => bytes, { descending: true })
  .collect()
for (const [country, bytes] of byCountry) console.log(`${String(bytes).padStart(6)} ${country}`)
