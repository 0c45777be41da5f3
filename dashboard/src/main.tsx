import { QueryClientProvider } from '@tanstack/react-query'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { createQueryClient } from './api/query-client.ts'
import { sessionRead } from './api/reads.ts'
import { Pages } from './app/router.tsx'
import { applyTheme } from './app/theme.ts'
import { Toasts } from './parts/toasts.tsx'
// oxlint-disable-next-line import/no-unassigned-import -- a style sheet has nothing to assign
import './styles.css'

applyTheme()

const client = createQueryClient(() => client.setQueryData(sessionRead.queryKey, null))
const root = document.getElementById('root')
if (root === null) throw new Error('index.html has no #root')
createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={client}>
      <Pages />
      <Toasts />
    </QueryClientProvider>
  </StrictMode>,
)
