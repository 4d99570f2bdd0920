// Package route turns the path of a REST request into the template that the
// route label carries.
//
// A path of Discord's names guilds, channels and users, and that of an
// interaction or a webhook holds a token that is a credential. [Template] and
// [FromURL] therefore never return a part of what they were given: the answer
// is one of the constants of [catalog.Routes], or [catalog.RouteOther].
//
// Both walk a tree of path segments that is built once from the catalog. They
// do not allocate, and are safe for concurrent use.
package route
