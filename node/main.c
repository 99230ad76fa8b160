/* main.c: the program `ohcn`; all of it is in cli.c. */
#include "node/cli/cli.h"

int
main(int argc, char **argv)
{
	return cli_main(argc, argv);
}
