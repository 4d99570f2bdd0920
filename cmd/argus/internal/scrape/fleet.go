package scrape

// SharedClusters returns, by cluster id, the addresses of the targets that have one
// that another one has as well.
func SharedClusters(results []Result) map[string][]string {
	shared := map[string][]string{}
	for _, r := range results {
		if r.Page != nil {
			for _, p := range r.Page.Processes {
				shared[p.Cluster] = append(shared[p.Cluster], r.Address)
			}
		}
	}
	for id, addresses := range shared {
		if len(addresses) < 2 {
			delete(shared, id)
		}
	}
	return shared
}
