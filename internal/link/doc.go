// Package link checks and fills in the templates of links that pages show to other sites.
//
// A template is an http or https URL with placeholders in braces, after the host. The
// errors of checks show nothing of it but an unknown placeholder: it may contain
// credentials.
package link
