package dora

// IsProduction says whether a deployment to an environment of that name is one to production, as told at Rules.Production.
func (r Rules) IsProduction(environment string) bool { return production(environment, r.Production) }
