/** Entry of the gate and desk processes that `up` starts. */
import { main } from './mod.ts'

process.exit(await main(process.argv.slice(2)))
