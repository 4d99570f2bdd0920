// Package page serves the live page of a process with its API, under any prefix: all
// links are relative.
//
// # Paths
//
//	path                 guarded  answer
//	-------------------  -------  ---------------------------------------------------
//	/                    no       the page, which has no data
//	/assets/…            no       the page's files, which never change under a name
//	/plain               yes      the status and the shards as HTML, without JavaScript
//	/login, /logout      no       POST begins and ends a session; GET /login is a form
//	/access.json         no       whether the token is needed, and whether the request may pass
//	/page.json           yes      what the page must know before data
//	/catalog.json        yes      names of series, units and runbooks (?bot=)
//	/api/v1/…            yes      data: package api
//	other                no       404
package page
