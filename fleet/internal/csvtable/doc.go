// Package csvtable writes slices of structs as CSV (RFC 4180), for spreadsheets.
//
// Columns have the names that the fields have in JSON. A nested struct gives its columns
// its name as a prefix. What is absent is an empty cell.
//
// A spreadsheet takes a cell that begins with = + - @, a tab or a carriage return for a
// formula. Texts that do get an apostrophe in front.
package csvtable
