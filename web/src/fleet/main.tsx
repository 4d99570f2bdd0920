import { render } from 'preact'
import { applyScheme } from '../ui/Scheme'
import { App } from './App'
import { Fleet } from './fleet'
import '../style.css'
import './fleet.css'

applyScheme()

const fleet = new Fleet(
  (input, init) => fetch(input, init),
  location.hash,
  (hash) => {
    try {
      history.replaceState(null, '', `${location.pathname}${location.search}${hash}`)
    } catch {
      // Safari allows 100 changes in 30 s, and somebody types fast: the next one has all.
    }
  },
)
addEventListener('hashchange', () => fleet.follow(location.hash))
document.addEventListener('visibilitychange', () => fleet.hide(document.hidden))

const root = document.getElementById('app')
if (root) render(<App fleet={fleet} />, root)
void fleet.start()
