import { useQuery } from '@tanstack/react-query'
import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Link,
  Outlet,
  RouterProvider,
  useLocation,
} from '@tanstack/react-router'
import type { ReactNode } from 'react'
import { sessionRead } from '../api/reads.ts'
import { SetUpPage, SignInPage } from '../pages/entrance.tsx'
import { OverviewPage } from '../pages/overview.tsx'
import { Problem } from '../parts/states.tsx'
import { PageBody, PageHead } from './page-head.tsx'
import { Shell } from './shell.tsx'

/** What stands behind the `?` of pages: each view is a URL that can be kept and sent. */
interface LiveSearch {
  /** The filter. */
  readonly q?: string
  /** Id of the request that is open. */
  readonly r?: string
}

const text = (value: unknown): string | undefined =>
  typeof value === 'string' || typeof value === 'number' ? String(value) : undefined

const root = createRootRoute({ component: Root, notFoundComponent: NotFound })
const overview = createRoute({
  getParentRoute: () => root,
  path: '/',
  component: OverviewPage,
  validateSearch: ({ minutes }): { readonly minutes?: number } => {
    const n = Number(minutes)
    return [5, 10, 30, 60].includes(n) && n !== 10 ? { minutes: n } : {}
  },
})
const setUp = createRoute({ getParentRoute: () => root, path: '/setup', component: SetUpPage })
const live = createRoute({
  getParentRoute: () => root,
  path: '/live',
  component: lazyRouteComponent(() => import('../pages/live.tsx'), 'LivePage'),
  validateSearch: (search): LiveSearch => {
    const [q, r] = [text(search['q']), text(search['r'])]
    return { ...(q === undefined || q === '' ? {} : { q }), ...(r === undefined ? {} : { r }) }
  },
})
const explore = createRoute({
  getParentRoute: () => root,
  path: '/explore',
  component: lazyRouteComponent(() => import('../pages/explore.tsx'), 'ExplorePage'),
  validateSearch: (search): LiveSearch & { readonly span?: number } => {
    const [q, r, span] = [text(search['q']), text(search['r']), Number(search['span'])]
    return {
      ...(q === undefined || q === '' ? {} : { q }),
      ...(r === undefined ? {} : { r }),
      ...(Number.isInteger(span) && span >= 60_000 && span <= 400 * 86_400_000 ? { span } : {}),
    }
  },
})
const incidents = createRoute({
  getParentRoute: () => root,
  path: '/incidents',
  component: lazyRouteComponent(() => import('../pages/incidents.tsx'), 'IncidentsPage'),
  validateSearch: ({ state }): { readonly state?: 'open' | 'acknowledged' | 'snoozed' | 'resolved' } =>
    state === 'open' || state === 'acknowledged' || state === 'snoozed' || state === 'resolved' ? { state } : {},
})
const incident = createRoute({
  getParentRoute: () => root,
  path: '/incidents/$id',
  component: lazyRouteComponent(() => import('../pages/incident.tsx'), 'IncidentPage'),
})
const networks = createRoute({
  getParentRoute: () => root,
  path: '/networks',
  component: lazyRouteComponent(() => import('../pages/networks.tsx'), 'NetworksPage'),
})
const ledger = createRoute({
  getParentRoute: () => root,
  path: '/ledger',
  component: lazyRouteComponent(() => import('../pages/ledger.tsx'), 'LedgerPage'),
})
const reviews = createRoute({
  getParentRoute: () => root,
  path: '/reviews',
  component: lazyRouteComponent(() => import('../pages/reviews.tsx'), 'ReviewsPage'),
})
const review = createRoute({
  getParentRoute: () => root,
  path: '/reviews/$id',
  component: lazyRouteComponent(() => import('../pages/review.tsx'), 'ReviewPage'),
})

const router = createRouter({
  routeTree: root.addChildren([overview, setUp, live, explore, incidents, incident, networks, ledger, reviews, review]),
  defaultPreload: 'intent',
  scrollRestoration: true,
  defaultErrorComponent: ({ error, reset }) => (
    <PageBody>
      <Problem error={error} onRetry={reset} />
    </PageBody>
  ),
})

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router
  }
}

/** All pages. */
export function Pages(): ReactNode {
  return <RouterProvider router={router} />
}

/** Nobody sees a page who is not signed in; whoever signs in sees the page that was asked for. */
function Root(): ReactNode {
  const { pathname } = useLocation()
  const {
    data: session,
    error,
    refetch,
  } = useQuery({
    ...sessionRead,
    enabled: pathname !== '/setup',
    retry: false,
    refetchInterval: ({ state }) => (state.error === null ? false : 2_000),
  })
  if (pathname === '/setup') return <Outlet />
  if (session === undefined)
    return error === null ? null : (
      <div className="mx-auto max-w-xl p-8">
        <Problem error={error} onRetry={() => void refetch()} />
      </div>
    )
  if (session === null) return <SignInPage />
  return (
    <Shell>
      <Outlet />
    </Shell>
  )
}

function NotFound(): ReactNode {
  return (
    <>
      <PageHead title="Not here" />
      <PageBody>
        There is no such page.{' '}
        <Link to="/" className="link">
          Overview
        </Link>
      </PageBody>
    </>
  )
}
