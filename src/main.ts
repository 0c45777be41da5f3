/** The program: `bin/gatehouse.js` calls `main` with the arguments and exits with the number it resolves to. */
export { main } from './cli/mod.ts'
