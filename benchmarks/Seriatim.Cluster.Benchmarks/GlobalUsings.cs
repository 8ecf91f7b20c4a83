global using Seriatim.Generation;
global using Seriatim.Simulation;
