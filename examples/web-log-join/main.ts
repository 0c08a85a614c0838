// Requests of a web server's log with the people who made them: how much each country was sent. CSV on both sides.
import { connect } from 'shoal'

await using shoal = await connect()
const users = shoal
  .files('examples/web-log-join/users.csv')
  .csv<{ user: string; country: string }>()
  .map(({ user, country }) => [user, country] as const)
const requests = shoal
  .files('examples/web-log-join/requests.csv')
  .csv<{ user: string; path: string; bytes: number }>({ types: { bytes: 'number' }, malformed: 'skip' })
  .map(({ user, bytes }) => [user, bytes] as const)
const byCountry = await requests
  .join(users, { how: 'left' })
  .map(([, [bytes, country]]) => [country ?? 'unknown', bytes] as const)
  .reduceByKey((left, right) => left + right)
  .sort(([, bytes]) => bytes, { descending: true })
  .collect()
for (const [country, bytes] of byCountry) console.log(`${String(bytes).padStart(6)} ${country}`)
