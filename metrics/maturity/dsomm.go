package maturity

// dsomm are those sub-dimensions of OWASP's DevSecOps Maturity Model that are about delivery. Levels and impacts (there: usefulness) are its own, and so are the efforts: the greatest of
// its difficulties. The evidence is ours.
func dsomm() Model {
	return Model{
		Name: "dsomm", Title: "DevSecOps Maturity Model: delivery", Version: "4.3.1", Year: 2026,
		Source: "OWASP DevSecOps Maturity Model, github.com/devsecopsmaturitymodel/DevSecOps-MaturityModel-data",
		Levels: []string{"Level 1", "Level 2", "Level 3", "Level 4", "Level 5"},
		Dimensions: []Dimension{
			{Name: "build", Title: "Build", Practices: dsommBuild()},
			{Name: "deployment", Title: "Deployment", Practices: dsommDeployment()},
			{Name: "patches", Title: "Patch management", Practices: dsommPatches()},
			{Name: "process", Title: "Process", Practices: dsommProcess()},
			{Name: "tests", Title: "Application tests", Practices: dsommTests()},
		},
	}
}

func dsommBuild() []Practice {
	const in = "Build and Deployment, Build: "
	return []Practice{
		says(1, "build-defined", "one way to build, as code", in+"Defined build process", 4, 3).by(KindBuild.before(0.95, half)),
		says(2, "build-isolated", "builds and tests run where nothing of others is left", in+"Building and testing of artifacts in virtual environments", 2, 2),
		says(2, "artifacts-pinned", "what is built upon is named by its hash", in+"Pinning of artifacts", 3, 2),
		says(2, "sbom", "each build lists what it is made of", in+"SBOM of components", 3, 3).by(KindInventory.before(0.95, half)),
		says(3, "commits-signed", "commits are signed", in+"Signing of code", 3, 2),
		says(5, "artifacts-signed", "artifacts are signed", in+"Signing of artifacts", 4, 2).by(KindSign.before(0.95, half)),
	}
}

func dsommDeployment() []Practice {
	const in = "Build and Deployment, Deployment: "
	return []Practice{
		says(1, "deployment-automated", "a machine deploys", in+"Automated deployment process", 4, 2).by(least(FactAutomated, 0.95, half)),
		says(1, "deployment-defined", "it is written down how to deploy, and what for", in+"Defined deployment process", 1, 1),
		says(1, "components-known", "there is a list of what runs in production", in+"Inventory of production components", 4, 1),
		says(2, "decommissioned", "what nobody uses is removed, by a known way", in+"Defined decommissioning process", 2, 2),
		says(2, "secrets-apart", "secrets and settings come from the environment, not with the artifact", in+"Environment depending configuration parameters (secrets)", 4, 2),
		says(2, "components-trusted", "whether to trust what is built in is looked at", in+"Evaluation of the trust of used components", 3, 3),
		says(2, "artifacts-known", "it is known which artifact runs where", in+"Inventory of production artifacts", 3, 3).by(least(FactDigest, 0.95, half)),
		says(3, "secrets-handed-over", "secrets are encrypted on their way, too", in+"Handover of confidential parameters", 4, 2),
		says(3, "dependencies-known", "it is known which dependencies run where", in+"Inventory of production dependencies", 3, 3),
		says(3, "rolling", "deployments leave no gap", in+"Rolling update on deployment", 2, 2).by(bySome(0.95, half, gapless...)),
		says(4, "canary", "a few users meet a version first", in+"Canary deployment", 3, 3).by(bySome(0.5, half, progressive...)),
		says(4, "same-artifact", "what was tested is what is deployed, byte for byte", in+"Same artifact for environments", 4, 2).by(least(FactSameArtifact, 1, half)),
		says(4, "toggles", "features are switched by settings that all environments share", in+"Usage of feature toggles", 2, 2),
		says(5, "blue-green", "the old version stands by until the new one has proved itself", in+"Blue/Green Deployment", 2, 2).by(bySome(0.5, half, BlueGreen)),
	}
}

func dsommPatches() []Practice {
	const in = "Build and Deployment, Patch Management: "
	return []Practice{
		says(1, "patch-policy", "it is laid down how soon a patch has to be there", in+"A patch policy is defined", 4, 3),
		says(1, "patches-proposed", "patches are proposed by a machine", in+"Automated PRs for patches", 4, 2),
		says(2, "patches-merged", "and merged by it, when tests pass", in+"Automated merge of automated PRs", 3, 2),
		says(2, "images-nightly", "base images are built each night", in+"Nightly build of images (base images)", 3, 3),
		says(2, "surface-reduced", "artifacts hold no more than they need", in+"Reduction of the attack surface", 3, 3),
		says(2, "lifetime-bounded", "nothing runs for longer than is laid down", in+"Usage of a maximum lifetime for images", 3, 4).by(most(FactAge, quarter, 0)),
		says(3, "patches-deployed", "patches go to production by themselves", in+"Automated deployment of automated PRs", 3, 3),
		says(4, "lifetime-short", "nothing runs for long", in+"Usage of a short maximum lifetime for images", 3, 4).by(most(FactAge, 30, 0)),
	}
}

func dsommProcess() []Practice {
	const in = "Culture and Organization, Process: "
	return []Practice{
		says(1, "recovery-planned", "what to do in a disaster is written down", in+"Definition of simple BCDR practices for critical components", 4, 4),
		says(2, "protection-determined", "how much protection a service needs is decided", in+"Determining the protection requirement", 3, 2),
		says(3, "reviewed", "somebody else has looked at each change", in+"Approval by reviewing any new version", 3, 2),
		says(3, "changes-recorded", "each change of production is recorded by itself", in+"Definition of a change management process", 3, 4),
	}
}

func dsommTests() []Practice {
	const in = "Test and Verification, Application Tests: "
	return []Practice{
		says(2, "security-unit-tests", "what protects the important parts has unit tests", in+"Security unit tests for important components", 3, 4),
		says(3, "security-integration-tests", "and integration tests", in+"Security integration tests for important components", 2, 4),
		says(4, "smoke-test", "a deployment is tested where it runs", in+"Smoke Test", 2, 2).by(least(FactGated, 0.95, half)),
		says(5, "security-coverage", "nearly all that protects is tested", in+"High coverage of security related module and integration tests", 3, 5),
	}
}
