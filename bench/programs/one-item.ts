import { connect } from 'shoal'

await using shoal = await connect()
const [one] = await shoal.map([1], (x) => x)
console.log(one)
