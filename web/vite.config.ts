import { defineConfig, type Plugin } from 'vite'

// What the page does not use of uPlot, so that the minifier leaves it out. Each text
// must be there: another version of uPlot fails the build instead of changing the page.
const unused: [string, string][] = [
  ['const showLegend = legend.show;', 'const showLegend = false;'],
  ['(paths.stepped = stepped);', ''],
  ['(paths.spline  = monotoneCubic);', ''],
  // The page writes times itself, in UTC.
  ['const FEAT_TIME          = true;', 'const FEAT_TIME = false;'],
  ['const [ timeIncrsMs, _timeAxisStampsMs, timeAxisSplitsMs ] = genTimeStuffs(1);', ''],
  ['const [ timeIncrsS,  _timeAxisStampsS,  timeAxisSplitsS  ] = genTimeStuffs(1e-3);', ''],
  ['const _timeAxisSplits = (ms == 1 ? timeAxisSplitsMs(_tzDate) : timeAxisSplitsS(_tzDate));', ''],
  ['const _timeAxisVals   = timeAxisVals(_tzDate, timeAxisStamps((ms == 1 ? _timeAxisStampsMs : _timeAxisStampsS), _fmtDate));', ''],
  ['const _timeSeriesVal  = timeSeriesVal(_tzDate, timeSeriesStamp(_timeSeriesStamp, _fmtDate));', ''],
  ['let isTime = mode == 1 && scales[s.scale].time;', 'const isTime = false;'],
  ['let isTime = sc.time;', 'const isTime = false;'],
  ['const _fmtDate = (opts.fmtDate || fmtDate);', ''],
  ['const _tzDate  = (opts.tzDate || (ts => new Date(round(ts / ms))));', ''],
  ['uPlot.fmtDate = fmtDate;', ''],
  ['uPlot.tzDate  = tzDate;', ''],
]

const slim: Plugin = {
  name: 'slim-uplot',
  transform(code, id) {
    if (!id.endsWith('/uPlot.esm.js')) return null
    for (const [text, instead] of unused) {
      if (!code.includes(text)) throw new Error(`uPlot has no ${JSON.stringify(text)}`)
      code = code.replaceAll(text, instead)
    }
    return { code, map: null }
  },
}

// Two front ends are built: that of a process, and with --mode fleet that of a fleet. The
// files lie where a Go program embeds them. All references are relative, so the pages work
// under any path.
export default defineConfig(({ mode }) => {
  const fleet = mode === 'fleet'
  const paths = ['/api', '/login', '/logout', '/access.json', '/catalog.json', fleet ? '/fleet.json' : '/page.json', '/metrics']
  return {
    root: fleet ? 'src/fleet' : '.',
    base: './',
    plugins: [slim],
    oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
    build: {
      outDir: fleet ? '../../../fleet/internal/page/dist' : '../internal/page/dist',
      emptyOutDir: true,
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
      reportCompressedSize: false,
      target: ['chrome123', 'firefox120', 'safari17.5'],
    },
    server: { proxy: Object.fromEntries(paths.map((path) => [path, process.env.ARGUS ?? (fleet ? 'http://127.0.0.1:9190' : 'http://127.0.0.1:9191')])) },
  }
})
