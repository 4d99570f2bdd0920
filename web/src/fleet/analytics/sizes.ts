const names: Record<string, string> = { under_100: 'under 100', '100_to_999': '100 to 999', '1000_to_9999': '1,000 to 9,999', '10000_or_more': '10,000 and more' }

// sizeOrder is from small to large; what is unknown comes last.
export const sizeOrder = [...Object.keys(names), null]

// sizeName is a number of members, as a range.
export const sizeName = (size: string | null): string => (size === null ? '?' : (names[size] ?? size))
