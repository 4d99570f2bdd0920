package targets_test

import (
	"context"
	"os"

	"github.com/argus-dgo/argus/cmd/argus/internal/targets"
)

func ExampleRun() {
	targets.Run(context.Background(), []string{"--label", "env=prod", "bot-[0-1].example.org", "localhost:[9191-9192]"}, os.Stdout, os.Stderr)
	// Output:
	// [
	//   {
	//     "targets": [
	//       "bot-0.example.org:9191",
	//       "bot-1.example.org:9191",
	//       "localhost:9191",
	//       "localhost:9192"
	//     ],
	//     "labels": {
	//       "env": "prod"
	//     }
	//   }
	// ]
}
