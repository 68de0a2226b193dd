using AnycastVip.Netlab;

return await CommandLineInterface.RunAsync(args);
