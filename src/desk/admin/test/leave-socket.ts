/** Listens on the socket that it is given, says so, and dies as by a power cut: the file stays. */
import { createServer } from 'node:net'

createServer().listen(process.argv[2] ?? '', () => process.kill(process.pid, 'SIGKILL'))
