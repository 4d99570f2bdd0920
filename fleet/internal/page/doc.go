// Package page serves the pages of a fleet with their API, under any prefix: all links
// are relative.
//
// # Paths
//
//	path                  guarded  answer
//	--------------------  -------  ---------------------------------------------------
//	/                     no       the page, which has no data
//	/assets/…             no       the page's files, which never change under a name
//	/login, /logout       no       POST begins and ends a session
//	/access.json          no       whether a token is needed, and whether the request may pass
//	/fleet.json           yes      what the page must know before data
//	/catalog.json         yes      names of series, units and runbooks
//	those of the API      yes      data; each handler checks the method and the role itself
//	other                 no       404
//
// A browser may change something from the fleet's own pages alone: other methods than GET
// and HEAD are refused when another site has the browser send them.
//
// web/src/fleet has the sources of the page. Its build is committed in dist, so that Go
// builds without Node.js.
package page
