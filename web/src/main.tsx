import { render } from 'preact'
import { App } from './App'
import { Page } from './page'
import { applyScheme } from './ui/Scheme'
import './style.css'

applyScheme()

const page = new Page(
  (input, init) => fetch(input, init),
  location.hash,
  (hash) => history.replaceState(null, '', `${location.pathname}${location.search}${hash}`),
)
addEventListener('hashchange', () => page.follow(location.hash))
document.addEventListener('visibilitychange', () => page.hide(document.hidden))

const root = document.getElementById('app')
if (root) render(<App page={page} />, root)
void page.start()
